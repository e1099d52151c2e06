namespace EventSourcing.Internal;

/// <summary>The events that one stored event reads as: none, one or several, in order. For one, which is the rule, nothing is allocated.</summary>
internal readonly struct Decoded
{
    private readonly object _value;

    internal Decoded(object one) => _value = one;

    internal Decoded(object[] several) => _value = several is [var one] ? one : new Several(several);

    internal int Count => _value is Several several ? several.Events.Length : 1;

    internal object this[int ordinal] => _value is Several several ? several.Events[ordinal] : _value;

    // A type of its own: an event may be of any other, an array too.
    private sealed class Several(object[] events)
    {
        internal object[] Events => events;
    }
}
