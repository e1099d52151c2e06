namespace Orders.Importing;

/// <summary>One record of a CSV file, or the line that is none.</summary>
/// <param name="Line">The number of the line it starts on; the first is 1.</param>
/// <param name="Fields">The fields; of a malformed line, those that could be read.</param>
/// <param name="Problem">What is wrong; null where nothing is.</param>
public readonly record struct CsvRecord(int Line, IReadOnlyList<string> Fields, string? Problem);
