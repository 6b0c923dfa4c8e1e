"""The embedded engines and the supervisor behind `make run`: the real MongoDB and Kafka on a laptop."""
