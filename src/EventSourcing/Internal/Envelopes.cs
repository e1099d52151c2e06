namespace EventSourcing.Internal;

/// <summary>The envelopes of the events that one stored event reads as: none, one or several, in order of their ordinals. For one, which is the rule, nothing is allocated but it.</summary>
internal readonly struct Envelopes
{
    private static readonly EventEnvelope[] s_none = [];

    private readonly object? _value;

    internal Envelopes(EventEnvelope one) => _value = one;

    internal Envelopes(EventEnvelope[] several) => _value = several is [var one] ? one : several;

    /// <summary>True for <c>default</c>: nothing was read yet.</summary>
    internal bool IsDefault => _value is null;

    internal int Count => _value is EventEnvelope[] several ? several.Length : 1;

    internal EventEnvelope this[int index] => _value is EventEnvelope[] several ? several[index] : (EventEnvelope)_value!;

    /// <summary>The only one; null where there is none or are several.</summary>
    internal EventEnvelope? Single => _value as EventEnvelope;

    /// <summary>Those that a predicate takes.</summary>
    internal Envelopes Where(Func<EventEnvelope, bool> predicate)
    {
        if (Single is { } one) return predicate(one) ? this : new(s_none);
        var taken = new List<EventEnvelope>(Count);
        for (var i = 0; i < Count; i++)
            if (predicate(this[i])) taken.Add(this[i]);
        return new([.. taken]);
    }

    /// <summary>True when a predicate takes one of them.</summary>
    internal bool Any(Func<EventEnvelope, bool> predicate)
    {
        for (var i = 0; i < Count; i++)
            if (predicate(this[i])) return true;
        return false;
    }
}
