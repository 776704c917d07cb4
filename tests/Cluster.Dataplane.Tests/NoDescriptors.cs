using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cluster.Dataplane.Tests;

/// <summary>Until it is disposed the process can open few descriptors more or none; those that are open go on. For tests that run alone.</summary>
internal sealed class NoDescriptors : IDisposable
{
    private const int RLIMIT_NOFILE = 7;

    /// <summary>Input, output and errors: any other would have a higher number.</summary>
    private const ulong Least = 3;

    private readonly Limit _before;
    private readonly List<SafeFileHandle> _fillers = [];
    private readonly (int Workers, int Ports) _most;

    /// <param name="left">How many more it can.</param>
    public NoDescriptors(int left = 0)
    {
        _most = FillPool();
        Assert.Equal(0, getrlimit(RLIMIT_NOFILE, out _before));
        Set(_before with { Current = left == 0 ? Least : Free().ElementAt(left) });
    }

    private NoDescriptors(List<SafeFileHandle> fillers, (int Workers, int Ports) most, ulong limit)
    {
        _fillers = fillers;
        _most = most;
        Assert.Equal(0, getrlimit(RLIMIT_NOFILE, out _before));
        Set(_before with { Current = limit });
    }

    /// <summary>All that may be are open: whoever closes one can have another.</summary>
    public static NoDescriptors AllUsed()
    {
        var most = FillPool();
        var fillers = new List<SafeFileHandle>();
        var highest = Open().Max();
        do fillers.Add(File.OpenHandle("/dev/null"));
        while (fillers[^1].DangerousGetHandle() < (nint)highest);
        return new NoDescriptors(fillers, most, (ulong)fillers[^1].DangerousGetHandle() + 1);
    }

    /// <summary>How many are open.</summary>
    public static int Count => Directory.GetFiles("/proc/self/fd").Length;

    public void Dispose()
    {
        Set(_before);
        ThreadPool.SetMaxThreads(_most.Workers, _most.Ports);
        foreach (var filler in _fillers) filler.Dispose();
    }

    // The runtime starts no thread without descriptors, and ends where its pool wants one: all that may be wanted are there, and stay for some seconds.
    private static (int Workers, int Ports) FillPool()
    {
        const int threads = 24;
        ThreadPool.GetMinThreads(out var workers, out var ports);
        ThreadPool.SetMinThreads(Math.Max(workers, threads), ports);
        // Not disposed: some are still on their way out of it when this goes on.
        var all = new Barrier(threads + 1);
        for (var i = 0; i < threads; i++) ThreadPool.UnsafeQueueUserWorkItem(static all => all.SignalAndWait(TimeSpan.FromSeconds(5)), all, preferLocal: false);
        all.SignalAndWait(TimeSpan.FromSeconds(5));
        ThreadPool.GetMaxThreads(out var most, out ports);
        // It would add some where it seems to be slow.
        ThreadPool.SetMaxThreads(Math.Max(workers, threads), ports);
        return (most, ports);
    }

    private static HashSet<ulong> Open() => [.. Directory.GetFiles("/proc/self/fd").Select(path => ulong.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture))];

    // The kernel gives the lowest free number.
    private static IEnumerable<ulong> Free()
    {
        var open = Open();
        for (ulong number = 0; ; number++)
            if (!open.Contains(number)) yield return number;
    }

    private static void Set(Limit limit) => Assert.Equal(0, setrlimit(RLIMIT_NOFILE, in limit));

    [DllImport("libc")]
    private static extern int getrlimit(int resource, out Limit limit);

    [DllImport("libc")]
    private static extern int setrlimit(int resource, in Limit limit);

    private record struct Limit(ulong Current, ulong Maximum);
}
