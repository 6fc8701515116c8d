-- What stands before the names of the topics there: under another prefix the positions are of other topics. Null until the next start says it.
alter table {schema}.carrier add column prefix text;
