
namespace EventSourcing.Testing.Contract;

/// <summary>A log does not do what the contract says.</summary>
public sealed class ContractViolationException : Exception
{
    /// <summary>Reports one difference.</summary>
    /// <param name="what">What was looked at.</param>
    /// <param name="expected">What the contract demands.</param>
    /// <param name="found">What the log did.</param>
    public ContractViolationException(string what, string expected, string found)
        : base($"{what}{Environment.NewLine}  expected: {expected}{Environment.NewLine}  found:    {found}") =>
        (What, Expected, Found) = (what, expected, found);

    /// <summary>What was looked at.</summary>
    public string What { get; }

    /// <summary>What the contract demands.</summary>
    public string Expected { get; }

    /// <summary>What the log did.</summary>
    public string Found { get; }
}
