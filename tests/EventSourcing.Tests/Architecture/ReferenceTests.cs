using System.Reflection;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Architecture;

public sealed class ReferenceTests
{
    private static readonly string s_framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

    [Test]
    public void The_core_references_the_framework_and_the_container_abstractions_only() =>
        BeyondTheFramework(typeof(IEventStore).Assembly).Should().BeSubsetOf(["Microsoft.Extensions.DependencyInjection.Abstractions"]);

    [Test]
    public void The_testing_package_references_the_core_only() =>
        BeyondTheFramework(Assembly.Load("EventSourcing.Testing")).Should().BeSubsetOf(["EventSourcing"]);

    private static IEnumerable<string> BeyondTheFramework(Assembly assembly) =>
        assembly.GetReferencedAssemblies().Select(name => name.Name!).Where(name => !File.Exists(Path.Combine(s_framework, name + ".dll")));
}
