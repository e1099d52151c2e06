using System.Globalization;
using EventSourcing.Views.Tallies;

namespace EventSourcing;

/// <summary>The figures of a <see cref="Tally"/> for one key. Immutable and thread-safe.</summary>
/// <example><code>
/// var row = await views.View&lt;TallyRow&gt;("sales-by-day").FindAsync("2026-11-28");
/// Console.WriteLine($"{row!.Key("day")}: {row.WholeNumber("orders")} orders, {row.Number("net")}");
/// </code></example>
public sealed class TallyRow
{
    private readonly TallyShape _shape;
    private readonly ViewValue[] _dimensions;
    private readonly decimal?[] _figures;

    internal TallyRow(TallyShape shape, ViewValue[] dimensions, decimal?[] figures) => (_shape, _dimensions, _figures) = (shape, dimensions, figures);

    /// <summary>The names of the dimensions, in order of declaration.</summary>
    public IReadOnlyList<string> Dimensions => _shape.Dimensions.AsReadOnly();

    /// <summary>The names of the figures, in order of declaration.</summary>
    public IReadOnlyList<string> Figures => _shape.FigureNames;

    /// <summary>A figure; null for a minimum or a maximum for which no event had a value. An integer is a decimal without a fraction.</summary>
    /// <param name="figure">The figure's name.</param>
    /// <exception cref="ArgumentException">The tally has no such figure.</exception>
    public decimal? this[string figure] => _figures[_shape.FigureOf(figure)];

    /// <summary>The value of a dimension.</summary>
    /// <param name="dimension">The dimension's name.</param>
    /// <exception cref="ArgumentException">The tally has no such dimension.</exception>
    public ViewValue Key(string dimension) => _dimensions[_shape.DimensionOf(dimension)];

    /// <summary>A figure as a decimal, without trailing zeros.</summary>
    /// <param name="figure">The figure's name.</param>
    /// <exception cref="ArgumentException">The tally has no such figure.</exception>
    /// <exception cref="InvalidOperationException">It is a minimum or a maximum for which no event had a value.</exception>
    public decimal Number(string figure) => this[figure] ?? throw new InvalidOperationException($"Figure '{figure}' of tally '{_shape.Tally}' has no value for this key.");

    /// <summary>A figure as an integer.</summary>
    /// <param name="figure">The name of a figure of integers.</param>
    /// <exception cref="ArgumentException">The tally has no such figure, or it is one of decimals.</exception>
    /// <exception cref="InvalidOperationException">It is a minimum or a maximum for which no event had a value.</exception>
    public long WholeNumber(string figure) => _shape.Figures[_shape.FigureOf(figure)].IsWhole
        ? (long)Number(figure)
        : throw new ArgumentException($"Figure '{figure}' of tally '{_shape.Tally}' is one of decimals.", nameof(figure));

    /// <summary>Dimensions and figures: <c>day 2026-11-28: orders 3, net 62.5</c>.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{string.Join(", ", _dimensions.Select((value, i) => $"{_shape.Dimensions[i]} {value}"))}: {string.Join(", ", _figures.Select((value, i) => string.Create(CultureInfo.InvariantCulture, $"{_shape.Figures[i].Name} {value}")))}");
}
