# The two commands: make run, make test. The rest is listed by make alone.

.PHONY: help run test bench build lint db-stop clean-db psql

help:
	@echo "make run       bring up a TimescaleDB with the factory demo and the console on http://127.0.0.1:3000"
	@echo "make test      everything CI checks: formatting, clippy, unit, integration and browser tests"
	@echo "make bench     how the console holds out at 100,000 chunks and under load; ONLY=collect,pages,… runs some of it"
	@echo "make build     the front end and the console, release"
	@echo "make lint      formatting and clippy only"
	@echo "make psql      psql in the demo database, as its superuser"
	@echo "make db-stop   stop the private database"
	@echo "make clean-db  remove the private database with its data"

run:
	@scripts/run.sh

test:
	@scripts/test.sh

bench:
	@scripts/bench.sh

build:
	@scripts/build.sh

lint:
	@scripts/lint.sh

psql:
	@scripts/database.sh psql demo

db-stop:
	@scripts/database.sh stop demo

clean-db:
	@scripts/database.sh clean demo
