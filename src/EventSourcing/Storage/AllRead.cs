namespace EventSourcing.Storage;

/// <summary>A read of the whole log, by position.</summary>
/// <example><c>new AllRead { Query = LogQuery.OfTypes("order-paid"), AfterPosition = seen }</c></example>
public sealed record AllRead : RangeRead
{
    /// <summary>Only events after this position, exclusive, in either direction. Default <see cref="GlobalPosition.Start"/>: from the first. Beyond the head, the read is a <see cref="PositionOutOfRangeException"/>.</summary>
    public GlobalPosition AfterPosition { get; init; }

    /// <summary>Only events up to this position, inclusive, in either direction; null: to the head. Equal to <see cref="AfterPosition"/>, nothing is read but the page's head.</summary>
    public GlobalPosition? ThroughPosition { get; init; }

    private protected override long After => AfterPosition.ToInt64();

    private protected override long? Through => ThroughPosition?.ToInt64();

    /// <inheritdoc/>
    public override AllRead? Next(LogPage page)
    {
        ArgumentNullException.ThrowIfNull(page);
        if (page.IsLast) return null;
        return Direction == ReadDirection.Forward
            ? this with { AfterPosition = GlobalPosition.FromInt64(page.Next - 1), Compared = HighestAfter(page) }
            : this with { ThroughPosition = GlobalPosition.FromInt64(page.Next), Compared = HighestAfter(page) };
    }
}
