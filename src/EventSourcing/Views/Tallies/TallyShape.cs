using System.Text.Json;

namespace EventSourcing.Views.Tallies;

/// <summary>The dimensions and the figures of a tally, in the order in which they are stored. Immutable.</summary>
internal sealed class TallyShape
{
    internal TallyShape(string tally, IReadOnlyList<string> dimensions, IReadOnlyList<Figure> figures)
    {
        (Tally, Dimensions, Figures) = (tally, [.. dimensions], [.. figures]);
        FigureNames = [.. figures.Select(figure => figure.Name)];
        Columns = [.. Dimensions, .. FigureNames];
        EncodedColumns = [.. Columns.Select(name => JsonEncodedText.Encode(name))];
    }

    internal string Tally { get; }

    internal string[] Dimensions { get; }

    internal Figure[] Figures { get; }

    internal IReadOnlyList<string> FigureNames { get; }

    /// <summary>Dimensions, then figures.</summary>
    internal IReadOnlyList<string> Columns { get; }

    /// <summary>The names of the columns in JSON.</summary>
    internal JsonEncodedText[] EncodedColumns { get; }

    /// <exception cref="ArgumentException">There is no such dimension.</exception>
    internal int DimensionOf(string name) => Array.IndexOf(Dimensions, name) is >= 0 and var i ? i : throw Unknown("dimension", name, Dimensions);

    /// <exception cref="ArgumentException">There is no such figure.</exception>
    internal int FigureOf(string name)
    {
        for (var i = 0; i < Figures.Length; i++)
            if (Figures[i].Name == name) return i;
        throw Unknown("figure", name, FigureNames);
    }

    private ArgumentException Unknown(string what, string name, IEnumerable<string> known) => new($"Tally '{Tally}' has no {what} '{name}'. It has: {string.Join(", ", known)}.", nameof(name));
}
