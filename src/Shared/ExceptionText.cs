namespace EventSourcing.Internal;

/// <summary>What an exception says of itself. It may be anybody's: its own code may throw.</summary>
internal static class ExceptionText
{
    private const int LongestDescription = 2000;

    internal static string MessageOf(Exception error)
    {
        try
        {
            return error.Message;
        }
        catch (Exception second)
        {
            return $"(its message cannot be read: reading it throws {second.GetType().Name})";
        }
    }

    /// <summary>Type and message in at most 2,000 characters.</summary>
    internal static string Describe(Exception error)
    {
        var text = $"{error.GetType().Name}: {MessageOf(error)}";
        if (text.Length <= LongestDescription) return text;
        // Not between the two halves of a character.
        return text[..(char.IsHighSurrogate(text[LongestDescription - 1]) ? LongestDescription - 1 : LongestDescription)];
    }
}
