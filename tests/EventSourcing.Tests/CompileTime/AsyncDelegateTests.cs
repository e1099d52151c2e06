using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.CompileTime;

/// <summary>An async lambda never becomes async void.</summary>
[TestFixture]
public sealed class AsyncDelegateTests
{
    [Test]
    public void An_async_lambda_does_not_convert_to_a_synchronous_function() =>
        Snippet.Errors("""
            Func<int> now = async () => { await Task.Yield(); return 1; };
            Console.WriteLine(now());
            """).Should().Equal("CS4010");
}
