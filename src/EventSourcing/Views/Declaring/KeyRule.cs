namespace EventSourcing.Views.Declaring;

/// <summary>How the keys of one event type are found: by exactly one of the two functions.</summary>
/// <param name="One">Event and envelope to the only key.</param>
/// <param name="Many">Event, envelope and look-ups to any number of keys.</param>
internal sealed record KeyRule<TRow>(Func<object, EventEnvelope, string?>? One, Func<object, EventEnvelope, ViewRows<TRow>, IEnumerable<string>>? Many) where TRow : class;
