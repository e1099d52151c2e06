namespace EventSourcing.Storage;

/// <summary>A condition on one index: the value lies between two bounds. A document whose value is null meets only a condition for equality with null.</summary>
/// <param name="Index">The index's place in <see cref="ViewTable.Indexes"/>.</param>
/// <param name="From">The lowest value, inclusive; null for no lower bound.</param>
/// <param name="Through">The highest value, inclusive; null for no upper bound.</param>
public readonly record struct ViewCondition(int Index, ViewValue? From, ViewValue? Through)
{
    /// <summary>True when a value meets the condition.</summary>
    /// <param name="value">The value.</param>
    public bool IsMetBy(ViewValue value)
    {
        if (value.Kind == ViewValueKind.Null) return From is { Kind: ViewValueKind.Null } && Through is { Kind: ViewValueKind.Null };
        return (From is not { } from || value.CompareTo(from) >= 0) && (Through is not { } through || value.CompareTo(through) <= 0);
    }
}
