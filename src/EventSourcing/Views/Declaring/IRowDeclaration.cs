namespace EventSourcing.Views.Declaring;

/// <summary>What a reader needs to know of a projection.</summary>
internal interface IRowDeclaration<TRow> where TRow : class
{
    /// <summary>The projection's name.</summary>
    string Name { get; }

    /// <summary>The names of its indexes, in order of declaration.</summary>
    IReadOnlyList<string> IndexNames { get; }

    /// <summary>How many of the last changes are kept; 0 for none.</summary>
    int MaxChanges { get; }

    /// <summary>Decodes a stored document.</summary>
    /// <exception cref="System.Text.Json.JsonException">It is not one.</exception>
    TRow Deserialize(ReadOnlySpan<byte> json);
}
