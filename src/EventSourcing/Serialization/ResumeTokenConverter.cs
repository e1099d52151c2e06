namespace EventSourcing;

/// <summary>A <see cref="ResumeToken"/> as its text; <see cref="ResumeToken.Start"/> as null, and as its text for the key of a dictionary.</summary>
public sealed class ResumeTokenConverter : ValueJsonConverter<ResumeToken>
{
    /// <summary>Makes a converter. Source-generated contracts call it.</summary>
    public ResumeTokenConverter()
        : base("a resume token, as ResumeToken.ToString writes it")
    {
    }
}
