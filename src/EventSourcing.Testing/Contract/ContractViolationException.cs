
namespace EventSourcing.Testing.Contract;

/// <summary>A log violates the contract.</summary>
public sealed class ContractViolationException : Exception
{
    /// <summary>Reports one difference.</summary>
    /// <param name="what">What was checked.</param>
    /// <param name="expected">What the contract requires.</param>
    /// <param name="found">What the log did.</param>
    public ContractViolationException(string what, string expected, string found)
        : base($"{what}{Environment.NewLine}  expected: {expected}{Environment.NewLine}  found:    {found}") =>
        (What, Expected, Found) = (what, expected, found);

    /// <summary>What was checked.</summary>
    public string What { get; }

    /// <summary>What the contract requires.</summary>
    public string Expected { get; }

    /// <summary>What the log did.</summary>
    public string Found { get; }
}
