namespace EventSourcing.Views.Declaring;

/// <summary>What differs between two declarations in canonical form.</summary>
internal static class DeclarationDifference
{
    internal static string Between(string before, string now)
    {
        string[] old = before.Split('\n'), current = now.Split('\n');
        var removed = old.Except(current).Select(line => $"was: {line.Trim()}");
        var added = current.Except(old).Select(line => $"is now: {line.Trim()}");
        string[] lines = [.. removed, .. added];
        return lines.Length == 0 ? "the order of its parts" : string.Join("; ", lines);
    }
}
