namespace EventSourcing.Internal;

/// <summary>The envelopes of the events that one stored event decodes to: none, one or several, in order of their ordinals. Allocates only the envelope for one, the usual case.</summary>
internal readonly struct Envelopes
{
    private static readonly EventEnvelope[] s_none = [];

    private readonly object? _value;

    internal Envelopes(EventEnvelope one) => _value = one;

    internal Envelopes(EventEnvelope[] several) => _value = several is [var one] ? one : several;

    /// <summary>True for <c>default</c>: nothing was decoded yet.</summary>
    internal bool IsDefault => _value is null;

    internal int Count => _value is EventEnvelope[] several ? several.Length : 1;

    internal EventEnvelope this[int index] => _value is EventEnvelope[] several ? several[index] : (EventEnvelope)_value!;

    /// <summary>The only envelope; null for none or several.</summary>
    internal EventEnvelope? Single => _value as EventEnvelope;

    /// <summary>The envelopes for which a predicate is true.</summary>
    internal Envelopes Where(Func<EventEnvelope, bool> predicate)
    {
        if (Single is { } one) return predicate(one) ? this : new(s_none);
        var taken = new List<EventEnvelope>(Count);
        for (var i = 0; i < Count; i++)
            if (predicate(this[i])) taken.Add(this[i]);
        return new([.. taken]);
    }

    /// <summary>True when a predicate is true for one of them.</summary>
    internal bool Any(Func<EventEnvelope, bool> predicate)
    {
        for (var i = 0; i < Count; i++)
            if (predicate(this[i])) return true;
        return false;
    }
}
