import { DEMO, MANY, psql } from "./setup";

export default function teardown(): void {
  for (const name of [DEMO, MANY]) {
    psql("postgres", `drop database if exists ${name} with (force)`);
  }
}
