namespace EventSourcing.Internal;

/// <summary>Reads the message of an exception of any type; the exception's own code may throw.</summary>
internal static class ExceptionText
{
    private const int MaxDescriptionLength = 2000;

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
        if (text.Length <= MaxDescriptionLength) return text;
        // Does not cut a surrogate pair.
        return text[..(char.IsHighSurrogate(text[MaxDescriptionLength - 1]) ? MaxDescriptionLength - 1 : MaxDescriptionLength)];
    }
}
