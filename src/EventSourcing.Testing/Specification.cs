namespace EventSourcing.Testing;

/// <summary>Given, when, then: what decisions make of history. Depends on no test framework. Immutable.</summary>
/// <remarks>
/// Every scenario runs on a store in memory of its own, so what an event does not store is not seen by what is decided on it.
/// Events are compared by their stored type name and JSON: the order of properties and the trailing zeros of numbers do not count.
/// </remarks>
/// <example><code>
/// var shop = new Specification(Types);
///
/// shop.Given(new OrderCreated("42", "ann@example.com", 62.50m, lines))
///     .When&lt;Order&gt;(order => order.Pay(62.50m))
///     .Then(new OrderPaid(62.50m));
///
/// shop.Given().When&lt;Order&gt;(order => order.Pay(1m)).ThenThrows&lt;OrderRefused&gt;();
/// </code></example>
public sealed class Specification
{
    private readonly EventTypeMap _types;

    /// <summary>A specification over the events of a type map.</summary>
    /// <param name="types">Every event that is given, decided or expected has an entry.</param>
    public Specification(EventTypeMap types)
    {
        ArgumentNullException.ThrowIfNull(types);
        _types = types;
    }

    /// <summary>What has happened so far.</summary>
    /// <param name="events">The subject's events, oldest first; none for a new one. An <see cref="EventData"/> that names a stream is another subject's.</param>
    public Scenario Given(params IEnumerable<object> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        return new(_types, [.. events]);
    }
}
