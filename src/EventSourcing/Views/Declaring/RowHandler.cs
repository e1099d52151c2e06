namespace EventSourcing.Views.Declaring;

/// <summary>The handler of one event type.</summary>
/// <param name="Handle">Document, event, envelope and look-ups to the new document.</param>
/// <param name="IsForExisting">True where a missing document is a failure.</param>
/// <param name="LooksUp">True where it may read other documents.</param>
internal sealed record RowHandler<TRow>(Func<TRow?, object, EventEnvelope, ViewRows<TRow>, TRow?> Handle, bool IsForExisting, bool LooksUp = false) where TRow : class;
