using Courses;
using EventSourcing;
using EventSourcing.Sqlite;

// The file may be named; without a name the run keeps nothing.
var folder = Directory.CreateTempSubdirectory("courses-");
var path = args.Length > 0 ? args[0] : Path.Combine(folder.FullName, "courses.db");

await using (var store = SqliteEventStore.Open(path, CourseEvents.Types))
{
    var school = new School(store);

    await TryAsync("math has two places", () => school.DefineAsync("math", capacity: 2));
    foreach (var course in (string[])["art", "music", "sport"]) await TryAsync($"{course} has twenty places", () => school.DefineAsync(course, capacity: 20));

    await TryAsync("ann takes math", () => school.SubscribeAsync("math", "ann"));
    await TryAsync("ann takes math again", () => school.SubscribeAsync("math", "ann"));

    // Two students ask for the last place at the same time: one of them gets it.
    var race = await Task.WhenAll(TryLastAsync("bob"), TryLastAsync("cleo"));
    async Task<int> TryLastAsync(string student)
    {
        try
        {
            await school.SubscribeAsync("math", student);
            return 1;
        }
        catch (RefusedException)
        {
            return 0;
        }
    }

    Console.WriteLine($"bob and cleo ask for the last place in math: {race.Sum()} of them has it");

    await TryAsync("math has three places now", () => school.ChangeCapacityAsync("math", capacity: 3));
    await TryAsync("dora takes math", () => school.SubscribeAsync("math", "dora"));

    await TryAsync("ann takes art", () => school.SubscribeAsync("art", "ann"));
    await TryAsync("ann takes music", () => school.SubscribeAsync("music", "ann"));
    await TryAsync("ann takes sport", () => school.SubscribeAsync("sport", "ann"));
    await TryAsync("ann leaves art", () => school.UnsubscribeAsync("art", "ann"));
    await TryAsync("ann takes sport", () => school.SubscribeAsync("sport", "ann"));

    var events = 0;
    await foreach (var e in store.ReadAllAsync(EventQuery.All.Tagged("student", "ann"))) events++;
    Console.WriteLine($"{events} events are about ann, in the streams of four courses");
}

folder.Delete(recursive: true);

static async Task TryAsync(string what, Func<Task> command)
{
    try
    {
        await command();
        Console.WriteLine(what);
    }
    catch (RefusedException e)
    {
        Console.WriteLine($"{what}: refused. {e.Message}");
    }
}
