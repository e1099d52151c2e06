namespace EventSourcing.Internal;

/// <summary>The events that one stored event decodes to: none, one or several, in order. Allocates nothing for one, the usual case.</summary>
internal readonly struct Decoded
{
    private readonly object _value;

    internal Decoded(object one) => _value = one;

    internal Decoded(object[] several) => _value = several is [var one] ? one : new Several(several);

    internal int Count => _value is Several several ? several.Events.Length : 1;

    internal object this[int ordinal] => _value is Several several ? several.Events[ordinal] : _value;

    // A wrapper type, because an event may have any other type, also an array.
    private sealed class Several(object[] events)
    {
        internal object[] Events => events;
    }
}
