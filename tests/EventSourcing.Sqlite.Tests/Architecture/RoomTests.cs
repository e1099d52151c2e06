using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Architecture;

/// <summary>The folders of the package are rooms, and arrows between them run one way: code uses types of its own room and of lower ones.</summary>
public sealed partial class RoomTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
    private const string Words = "(words)", Top = "(top)";

    // From the ground up. The words are the public options and results, which every room may use.
    private static readonly string[] s_rooms = [Words, "Native", "Files", "Schema", "Tables", "OpenLog", "Versioning", "Reading", "Waiting", "Views", "Writing", "Verifying", "Backup", Top];

    private static readonly HashSet<string> s_facades = ["SqliteEventLog", "SqliteEventStore", "SqliteEventStoreExtensions", "SqliteEventSourcingBuilderExtensions", "SqliteProjection", "SqliteStoreTransaction", "SqliteViewExtensions"];

    private static readonly Assembly s_package = typeof(SqliteEventLog).Assembly;

    private static readonly Dictionary<string, string> s_roomOf = ReadRooms();

    [Test]
    public void Every_folder_is_a_room_and_every_type_is_in_one()
    {
        s_roomOf.Values.Distinct().Should().BeSubsetOf(s_rooms);
        s_package.GetTypes().Where(IsOwn).Select(Outermost).Distinct().Where(type => RoomOf(type) is null).Should().BeEmpty();
    }

    [Test]
    public void A_machinery_type_has_the_namespace_of_its_folder() =>
        s_package.GetTypes().Where(type => IsOwn(type) && type is { IsPublic: false, DeclaringType: null } && !IsGenerated(type))
            .Where(type => type.Namespace != $"EventSourcing.Sqlite.{RoomOf(type)}").Select(type => type.FullName).Should().BeEmpty();

    [Test]
    public void No_room_uses_a_higher_one()
    {
        var climbing =
            from type in s_package.GetTypes().Where(IsOwn)
            let room = RoomOf(type)
            where room is not null
            from used in Used(type).SelectMany(Parts).Where(used => used.Assembly == s_package && IsOwn(used))
            let other = RoomOf(used)
            where other is not null && Array.IndexOf(s_rooms, other) > Array.IndexOf(s_rooms, room)
            select $"{room}/{Outermost(type).Name} uses {other}/{Outermost(used).Name}";
        climbing.Distinct().Order().Should().BeEmpty();
    }

    [Test]
    public void Static_calls_inside_a_method_are_seen() =>
        Used(typeof(SqliteEventLog)).SelectMany(Parts).Select(used => used.Name).Should().Contain(["LogPath", "EventsView", "BackupFile"]);

    private static string? RoomOf(Type type) => s_roomOf.GetValueOrDefault(NameOf(Outermost(type)));

    private static string NameOf(Type type) => type.Name.Split('`')[0];

    private static Type Outermost(Type type)
    {
        while (type.DeclaringType is { } outer) type = outer;
        return type;
    }

    private static bool IsOwn(Type type) => type.Namespace?.StartsWith("EventSourcing.Sqlite", StringComparison.Ordinal) == true && !IsGenerated(Outermost(type));

    private static bool IsGenerated(Type type) => type.Name.StartsWith('<') || type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false);

    // What signatures, fields, locals and instructions name.
    private static IEnumerable<Type> Used(Type type)
    {
        if (type.BaseType is { } parent) yield return parent;
        foreach (var contract in type.GetInterfaces()) yield return contract;
        foreach (var field in type.GetFields(Declared)) yield return field.FieldType;
        foreach (var nested in type.GetNestedTypes(Declared))
            foreach (var used in Used(nested)) yield return used;
        foreach (var method in type.GetMembers(Declared).OfType<MethodBase>())
        {
            if (method is MethodInfo { ReturnType: var returned }) yield return returned;
            foreach (var parameter in method.GetParameters()) yield return parameter.ParameterType;
            foreach (var local in method.GetMethodBody()?.LocalVariables ?? []) yield return local.LocalType;
            foreach (var member in Calls.Of(method))
                if ((member as Type ?? member.DeclaringType) is { } named) yield return named;
        }
    }

    private static IEnumerable<Type> Parts(Type type)
    {
        if (type.IsGenericParameter) return [];
        if (type.HasElementType) return Parts(type.GetElementType()!);
        return type.IsConstructedGenericType ? [type.GetGenericTypeDefinition(), .. type.GetGenericArguments().SelectMany(Parts)] : [type];
    }

    private static Dictionary<string, string> ReadRooms()
    {
        var rooms = new Dictionary<string, string>();
        var root = SourceFolder();
        foreach (var file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories))
        {
            var parts = Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar);
            if (parts[0] is "obj" or "bin") continue;
            foreach (Match match in TypeLine().Matches(File.ReadAllText(file)))
            {
                var name = match.Groups[1].Value;
                rooms[name] = parts.Length > 1 ? parts[0] : s_facades.Contains(name) ? Top : Words;
            }
        }

        return rooms;
    }

    private static string SourceFolder([CallerFilePath] string thisFile = "")
    {
        // A deterministic build writes the path as /_/…: then the folder is found from where the tests run.
        for (var folder = new DirectoryInfo(File.Exists(thisFile) ? Path.GetDirectoryName(thisFile)! : AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "EventSourcing.sln")))
                return Path.Combine(folder.FullName, "src", "EventSourcing.Sqlite");
        throw new DirectoryNotFoundException("EventSourcing.sln was not found above the tests.");
    }

    [GeneratedRegex(@"^(?:public |internal )(?:[a-z]+ )*?(?:class|struct|interface|enum|record(?: struct)?|delegate [\w<>]+) (\w+)", RegexOptions.Multiline)]
    private static partial Regex TypeLine();
}
