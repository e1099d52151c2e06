namespace Orders.Commands;

/// <summary>Where a command writes to.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">What went wrong.</param>
/// <param name="IsTerminal">True when a person watches <paramref name="Out"/>: progress is drawn in place.</param>
public sealed record Screen(TextWriter Out, TextWriter Error, bool IsTerminal)
{
    /// <summary>Text on one line without control characters, so that data can neither break lines nor control a terminal.</summary>
    public static string OneLine(string text) => text.Any(char.IsControl) ? new([.. text.Select(c => char.IsControl(c) ? ' ' : c)]) : text;

    /// <summary>Fields in one line, separated by tabs.</summary>
    public static string OneRow(params string[] fields) => string.Join('\t', fields.Select(OneLine));
}
