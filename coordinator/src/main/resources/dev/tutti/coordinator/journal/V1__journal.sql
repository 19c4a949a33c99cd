-- The epoch of the newest coordinator. One row; taken by compare-and-set, checked by every append.
CREATE TABLE coordinator_epoch (
    id INTEGER PRIMARY KEY,
    epoch BIGINT NOT NULL
);
INSERT INTO coordinator_epoch (id, epoch) VALUES (1, 0);

-- Every event the decisions rest on, as a tutti.v1.JournalEvent. Kind and time are there for people who look.
CREATE TABLE journal_event (
    sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    epoch BIGINT NOT NULL,
    at_millis BIGINT NOT NULL,
    kind VARCHAR(64) NOT NULL,
    payload BYTEA NOT NULL
);
