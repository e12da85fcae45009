package postgres

// LockKey is the number of an advisory lock.
var LockKey = lockKey

// TakeBack is one look of a worker on the roll for the jobs of those that are not.
var TakeBack = takeBack
