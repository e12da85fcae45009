package app

// Deliver is the job that attempts one webhook delivery.
type Deliver struct {
	DeliveryID string `json:"delivery_id"`
	// Attempt is the number this job shall make; a job that finds more attempts recorded is a
	// repetition of one that ran, and does nothing.
	Attempt int `json:"attempt"`
}

// Kind names the job in the queue.
func (Deliver) Kind() string { return "webhook_deliver" }
