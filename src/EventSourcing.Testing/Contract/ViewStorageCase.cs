using System.Runtime.CompilerServices;

namespace EventSourcing.Testing.Contract;

/// <summary>One named behaviour of the storage of views, for any test runner to enumerate and run.</summary>
public sealed class ViewStorageCase
{
    private readonly Func<ViewsUnderTest, Task> _body;

    internal ViewStorageCase(string name, Func<ViewsUnderTest, Task> body) => (Name, _body) = (name, body);

    internal ViewStorageCase(string name, Action<ViewsUnderTest> body) : this(name, views =>
    {
        body(views);
        return Task.CompletedTask;
    })
    {
    }

    /// <summary>A sentence whose words are joined by underscores. Unique in the contract.</summary>
    public string Name { get; }

    /// <summary>Runs the case.</summary>
    /// <param name="fixture">A new fixture; the caller disposes it.</param>
    /// <exception cref="ContractViolationException">The storage violates the contract.</exception>
    public async Task RunAsync(IViewStorageFixture fixture)
    {
        ArgumentNullException.ThrowIfNull(fixture);
        using var views = new ViewsUnderTest(fixture);
        await _body(views).ConfigureAwait(false);
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    internal static ViewStorageCase Of(Action<ViewsUnderTest> body, [CallerArgumentExpression(nameof(body))] string name = "") => new(name, body);

    internal static ViewStorageCase OfTask(Func<ViewsUnderTest, Task> body, [CallerArgumentExpression(nameof(body))] string name = "") => new(name, body);
}
