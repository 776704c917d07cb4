using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Tests;

/// <summary>Until it is disposed the process can open no descriptor more; those that are open go on. For tests that run alone.</summary>
internal sealed class NoDescriptors : IDisposable
{
    private const int RLIMIT_NOFILE = 7;

    /// <summary>Input, output and errors: any other would have a higher number.</summary>
    private const ulong Open = 3;

    private readonly Limit _before;

    public NoDescriptors()
    {
        Assert.Equal(0, getrlimit(RLIMIT_NOFILE, out _before));
        Set(_before with { Current = Open });
    }

    public void Dispose() => Set(_before);

    private static void Set(Limit limit) => Assert.Equal(0, setrlimit(RLIMIT_NOFILE, in limit));

    [DllImport("libc")]
    private static extern int getrlimit(int resource, out Limit limit);

    [DllImport("libc")]
    private static extern int setrlimit(int resource, in Limit limit);

    private record struct Limit(ulong Current, ulong Maximum);
}
