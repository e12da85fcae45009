package app

// Deliver is the job that attempts one webhook delivery.
type Deliver struct {
	DeliveryID string `json:"delivery_id"`
	EndpointID string `json:"endpoint_id"`
	// Attempt is the number this job shall make; a job that finds as many attempts recorded is a
	// repetition of one that ran, and does nothing.
	Attempt int `json:"attempt"`
	// Round is the delivery's when the job was enqueued; a replay since then has a job of its own.
	Round int `json:"round"`
	// Try is the number within the round, from 1: where the schedule stands.
	Try int `json:"try"`
}

// Kind names the job in the queue.
func (Deliver) Kind() string { return "webhook_deliver" }
