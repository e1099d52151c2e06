using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Architecture;

public sealed partial class FloorTests
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Assembly s_core = typeof(IEventStore).Assembly;

    [Test]
    public void Every_namespace_has_a_floor() =>
        OwnTypes().Where(type => Floors.Of(type) is null).Select(type => type.FullName).Should().BeEmpty();

    [Test]
    public void No_type_names_one_of_a_higher_floor() =>
        (from type in OwnTypes()
         from named in Named(type).SelectMany(Parts).Distinct()
         where named.Assembly == s_core && Floors.Of(named) > Floors.Of(type)
         select $"{type} names {named}").Should().BeEmpty();

    [Test]
    public void No_source_file_uses_a_namespace_of_a_higher_floor()
    {
        var sources = Directory.EnumerateFiles(SourceFolder(), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .ToList();
        sources.Should().NotBeEmpty();

        var climbing = new List<string>();
        foreach (var file in sources)
        {
            var text = File.ReadAllText(file);
            var own = Floors.Of(NamespaceLine().Match(text).Groups[1].Value);
            climbing.AddRange(UsingLine().Matches(text).Select(match => match.Groups[1].Value)
                .Where(used => Floors.Of(used) > own).Select(used => $"{Path.GetFileName(file)} uses {used}"));
        }

        climbing.Should().BeEmpty();
    }

    // Compiler-generated types stay in: the fields of a state machine or a closure are a method's locals.
    private static IEnumerable<Type> OwnTypes() =>
        s_core.GetTypes().Where(type => type.Namespace?.StartsWith("EventSourcing", StringComparison.Ordinal) == true);

    private static IEnumerable<Type> Named(Type type)
    {
        if (type.BaseType is { } parent) yield return parent;
        foreach (var contract in type.GetInterfaces()) yield return contract;
        foreach (var parameter in type.GetGenericArguments())
            foreach (var constraint in parameter.IsGenericParameter ? parameter.GetGenericParameterConstraints() : []) yield return constraint;
        foreach (var field in type.GetFields(Declared)) yield return field.FieldType;
        foreach (var method in type.GetMembers(Declared).OfType<MethodBase>())
        {
            if (method is MethodInfo { ReturnType: var returned }) yield return returned;
            foreach (var parameter in method.GetParameters()) yield return parameter.ParameterType;
            foreach (var local in method.GetMethodBody()?.LocalVariables ?? []) yield return local.LocalType;
        }
    }

    private static IEnumerable<Type> Parts(Type type)
    {
        if (type.IsGenericParameter) return [];
        if (type.HasElementType) return Parts(type.GetElementType()!);
        return type.IsConstructedGenericType ? [type.GetGenericTypeDefinition(), .. type.GetGenericArguments().SelectMany(Parts)] : [type];
    }

    private static string SourceFolder([CallerFilePath] string thisFile = "")
    {
        // A deterministic build writes the path as /_/…: then the folder is found from where the tests run.
        for (var folder = new DirectoryInfo(File.Exists(thisFile) ? Path.GetDirectoryName(thisFile)! : AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "EventSourcing.sln")))
                return Path.Combine(folder.FullName, "src", "EventSourcing");
        throw new DirectoryNotFoundException("EventSourcing.sln was not found above the tests.");
    }

    [GeneratedRegex(@"^namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^using\s+(?:static\s+|\w+\s*=\s*)?(EventSourcing[\w.]*)", RegexOptions.Multiline)]
    private static partial Regex UsingLine();
}
