namespace EventSourcing.Views.Declaring;

/// <summary>An index of a projection.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">The value of a document.</param>
internal sealed record RowIndex<TRow>(string Name, Func<TRow, ViewValue> Value);
