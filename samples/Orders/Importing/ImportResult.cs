namespace Orders.Importing;

/// <summary>What an import did.</summary>
/// <param name="Lines">The lines of the invoices that are in the store now, stored before or by this import.</param>
/// <param name="Invoices">Their invoices.</param>
/// <param name="Events">The events that this import appended; 0 where all was stored before.</param>
/// <param name="Refused">Invoices that the store refused, each with the line it starts on and the reason.</param>
public sealed record ImportResult(int Lines, int Invoices, long Events, IReadOnlyList<(int Line, string Problem)> Refused);
