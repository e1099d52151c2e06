using EventSourcing.Hosting;
using EventSourcing.Testing;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.CompileTime;

/// <summary>Names of the library's types beside those that a project imports without saying so.</summary>
[TestFixture]
public sealed class NameTests
{
    [Test]
    public void A_filter_by_category_compiles_in_a_web_project()
    {
        IgnoreWithoutWeb();
        Snippet.Compile("var filter = EventFilter.Category(\"order\"); Console.WriteLine(filter);", isWeb: true).Should().BeEmpty();
    }

    [Test]
    public void No_name_of_the_library_is_ambiguous_in_a_web_project()
    {
        IgnoreWithoutWeb();
        var namespaces = NamespacesOf(typeof(IEventStore), typeof(EventSourcingHostingExtensions));
        Snippet.Compile(UsesOf(namespaces), isWeb: true, namespaces).Should().BeEmpty();
    }

    [Test]
    public void No_name_of_the_library_is_ambiguous_in_a_test_project()
    {
        var namespaces = NamespacesOf(typeof(IEventStore), typeof(Specification));
        Snippet.Compile(UsesOf(namespaces), isWeb: false, ["NUnit.Framework", .. namespaces]).Should().BeEmpty();
    }

    [Test]
    public void A_name_that_is_ambiguous_is_reported() =>
        Snippet.Errors("namespace Other { public class EventBus; } namespace Mine { using Other; using EventSourcing; class C { void M(EventBus bus) { } } }").Should().Equal("CS0104");

    private static readonly Type[] s_types = [.. new[] { typeof(IEventStore), typeof(EventSourcingHostingExtensions), typeof(Specification) }
        .SelectMany(t => t.Assembly.GetExportedTypes()).Where(t => !t.IsNested && !t.Name.Contains('<', StringComparison.Ordinal))];

    private static string[] NamespacesOf(params Type[] assemblies) => [.. s_types.Where(t => assemblies.Any(a => a.Assembly == t.Assembly)).Select(t => t.Namespace!).Distinct()];

    /// <summary>A program that names every public type without its namespace.</summary>
    private static string UsesOf(string[] namespaces) =>
        string.Concat(s_types.Where(t => namespaces.Contains(t.Namespace)).Select(t => $"Console.WriteLine(typeof({t.Name.Split('`')[0]}{ParametersOf(t)}));\n"));

    private static string ParametersOf(Type type) => type.IsGenericTypeDefinition ? $"<{new string(',', type.GetGenericArguments().Length - 1)}>" : "";

    private static void IgnoreWithoutWeb()
    {
        if (!Snippet.CanCompileWeb) Assert.Ignore("The reference assemblies of ASP.NET Core are not installed with this SDK.");
    }
}
