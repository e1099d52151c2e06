namespace EventSourcing.Views.Tallies;

/// <summary>A number that a tally keeps for each key.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">How values are put together.</param>
/// <param name="IsWhole">True for integers of 64 bits, false for decimals.</param>
internal readonly record struct Figure(string Name, FigureKind Kind, bool IsWhole)
{
    /// <summary>The value before the first event: 0 for a sum, none for a minimum and a maximum.</summary>
    internal decimal? Initial => Kind == FigureKind.Sum ? 0m : null;

    /// <summary>Puts a value to those before it.</summary>
    /// <exception cref="OverflowException">The result is out of the figure's range.</exception>
    internal decimal With(decimal? before, decimal value)
    {
        switch (Kind)
        {
            case FigureKind.Minimum:
                return before is { } lowest && lowest <= value ? lowest : value;
            case FigureKind.Maximum:
                return before is { } highest && highest >= value ? highest : value;
            default:
                var sum = ExactDecimal.Add(before.GetValueOrDefault(), value);
                return IsWhole && (sum > long.MaxValue || sum < long.MinValue) ? throw new OverflowException("the result is out of the range of 64 bits") : sum;
        }
    }

    /// <summary>Kind and type, for the declaration's canonical form and for messages.</summary>
    public override string ToString() => $"{Kind switch { FigureKind.Minimum => "minimum", FigureKind.Maximum => "maximum", _ => "sum" }} of {(IsWhole ? "integers" : "decimals")}";
}
