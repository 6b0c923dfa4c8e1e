"""The embedded engines and the supervisor behind `make run`: a laptop's and the tests' real MongoDB and Kafka."""
