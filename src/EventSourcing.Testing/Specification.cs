namespace EventSourcing.Testing;

/// <summary>Given, when, then: tests of decisions, in memory and without a test framework. Immutable.</summary>
/// <remarks>
/// Every scenario runs on its own store in memory, so decisions get the events as they are read back: an event that loses data when it is stored fails the specification.
/// Events are compared by their stored type name and JSON: the order of properties and the trailing zeros of numbers do not count.
/// <para>States are folded twice: a state whose second fold differs from its first fails the specification. So do a <see cref="IState{TState}.Create"/> that returns a mutable object
/// which it returned before, and a decision that changes the state it is given.</para>
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
    private readonly TimeProvider? _timeProvider;

    /// <summary>A specification over the events of a type map.</summary>
    /// <param name="types">Every event that is given, decided or expected has an entry.</param>
    /// <param name="timeProvider">The clock of the store in memory, from which given and decided events have their <see cref="EventEnvelope.Timestamp"/>; null, the default, for the system's. For a projection it is read once: all given events have the same time.</param>
    public Specification(EventTypeMap types, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(types);
        (_types, _timeProvider) = (types, timeProvider);
    }

    /// <summary>Gives the history.</summary>
    /// <param name="events">The subject's events, oldest first; none for a new one. An <see cref="EventData"/> that names a stream belongs to another subject.</param>
    public Scenario Given(params IEnumerable<object> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        return new(_types, [.. events], _timeProvider);
    }
}
