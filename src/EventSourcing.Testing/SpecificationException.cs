namespace EventSourcing.Testing;

/// <summary>A decision did not do what its specification says. Any test framework reports it as a failure.</summary>
public sealed class SpecificationException : Exception
{
    /// <summary>Reports one difference.</summary>
    /// <param name="what">What differs, and where first.</param>
    /// <param name="expected">What the specification says.</param>
    /// <param name="found">What the decision did.</param>
    /// <param name="innerException">What the decision threw, or null.</param>
    public SpecificationException(string what, string expected, string found, Exception? innerException = null)
        : base($"{what}{Environment.NewLine}  expected: {expected}{Environment.NewLine}  found:    {found}", innerException) =>
        (What, Expected, Found) = (what, expected, found);

    /// <summary>What differs, and where first.</summary>
    public string What { get; }

    /// <summary>What the specification says; of events, a numbered line for each.</summary>
    public string Expected { get; }

    /// <summary>What the decision did; of events, a numbered line for each.</summary>
    public string Found { get; }
}
