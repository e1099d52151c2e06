namespace EventSourcing.Storage;

/// <summary>The rules for the names of view sets, projections and indexes.</summary>
internal static class ViewNames
{
    internal const int MaxLength = 100;

    /// <summary>Names of a set and of a projection are parts of file names and of SQL names.</summary>
    internal static bool IsValidSet(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > MaxLength) return false;
        foreach (var c in name)
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-') return false;
        return true;
    }

    internal static void ThrowIfInvalidSet(string name, string parameter)
    {
        ArgumentNullException.ThrowIfNull(name, parameter);
        if (!IsValidSet(name))
            throw new ArgumentException($"'{name}' is not a name of a view: it must have 1 to {MaxLength} characters, all of them lower-case ASCII letters, digits and dashes.", parameter);
    }

    /// <summary>The name of an index is a column of the view's SQL view.</summary>
    internal static void ThrowIfInvalidIndex(string name, string parameter)
    {
        ArgumentNullException.ThrowIfNull(name, parameter);
        if (name.Length is 0 or > MaxLength || !char.IsAsciiLetter(name[0]) || name.AsSpan(1).ContainsAnyExcept(s_indexCharacters))
            throw new ArgumentException($"'{name}' is not a name of an index: it must have 1 to {MaxLength} ASCII letters, digits and underscores, and begin with a letter.", parameter);
        if (name.Equals("key", StringComparison.OrdinalIgnoreCase) || name.Equals("position", StringComparison.OrdinalIgnoreCase) || name.Equals("json", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"'{name}' is not a name of an index: every SQL view of a projection has the columns key, position and json already.", parameter);
    }

    private static readonly System.Buffers.SearchValues<char> s_indexCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}
