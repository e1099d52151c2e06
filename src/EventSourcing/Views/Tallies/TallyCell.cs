namespace EventSourcing.Views.Tallies;

/// <summary>A row of a tally in memory, changed in place.</summary>
/// <param name="key">Its key.</param>
/// <param name="dimensions">The values of the dimensions; owned.</param>
/// <param name="figures">The figures; owned.</param>
internal sealed class TallyCell(string key, ViewValue[] dimensions, decimal?[] figures)
{
    internal string Key { get; } = key;

    internal ViewValue[] Dimensions { get; } = dimensions;

    internal decimal?[] Figures { get; } = figures;

    /// <summary>The position of the last event that counted for it; <see cref="GlobalPosition.Start"/> where there is no row.</summary>
    internal GlobalPosition Position { get; set; }

    internal bool IsUnwritten { get; set; }
}
