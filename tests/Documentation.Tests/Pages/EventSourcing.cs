using EventSourcing;

await using var store = new EventStore(new InMemoryEventLog(), Shop.Types);

// blocks
