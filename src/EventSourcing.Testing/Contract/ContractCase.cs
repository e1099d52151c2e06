using System.Runtime.CompilerServices;

namespace EventSourcing.Testing.Contract;

/// <summary>One named behaviour of the contract, for any test runner to enumerate and run.</summary>
public sealed class ContractCase
{
    private readonly Func<LogUnderTest, Task> _body;

    internal ContractCase(string name, Func<LogUnderTest, Task> body, LogCapabilities requires = LogCapabilities.None) =>
        (Name, _body, Requires) = (name, body, requires);

    /// <summary>A sentence whose words are joined by underscores. Unique in the contract.</summary>
    public string Name { get; }

    /// <summary>The area of the case, for a runner that runs some cases only.</summary>
    public ContractArea Area { get; private set; }

    /// <summary>The capabilities that the case requires. A runner skips the case when the fixture lacks one of them.</summary>
    public LogCapabilities Requires { get; }

    /// <summary>Runs the case.</summary>
    /// <param name="fixture">A new fixture; the caller disposes it.</param>
    /// <exception cref="ContractViolationException">The log, or the store on it, violates the contract.</exception>
    /// <exception cref="InvalidOperationException">The fixture lacks a capability that the case requires.</exception>
    public async Task RunAsync(ILogFixture fixture)
    {
        ArgumentNullException.ThrowIfNull(fixture);
        if ((fixture.Capabilities & Requires) != Requires)
            throw new InvalidOperationException($"The case {Name} requires {Requires}; the fixture offers {fixture.Capabilities}.");
        var clock = new DrivenClock();
        var log = new LogUnderTest(fixture, await fixture.OpenAsync(clock).ConfigureAwait(false), clock);
        await using (log.ConfigureAwait(false)) await _body(log).ConfigureAwait(false);
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    internal static IEnumerable<ContractCase> In(ContractArea area, IEnumerable<ContractCase> cases)
    {
        foreach (var contractCase in cases)
        {
            contractCase.Area = area;
            yield return contractCase;
        }
    }

    internal static ContractCase Of(Func<LogUnderTest, Task> body, LogCapabilities requires = LogCapabilities.None, [CallerArgumentExpression(nameof(body))] string name = "") =>
        new(name, body, requires);

    internal static ContractCase Of(Func<StoreUnderTest, Task> body, LogCapabilities requires = LogCapabilities.None, [CallerArgumentExpression(nameof(body))] string name = "") =>
        new(name, log => body(new(log)), requires);
}
