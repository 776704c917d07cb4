namespace Cluster.LoadTests.Candidates;

/// <summary>Programs of another Debian release, unpacked into a folder with the libraries they were built for.</summary>
internal static class DebianTools
{
    private static readonly string[] Loaders = ["usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1"];

    /// <summary>The command that runs a program by its own release's loader and libraries.</summary>
    /// <exception cref="NotAvailableException">It is not there.</exception>
    public static string[] Command(string root, string program)
    {
        string path = Path.Combine(root, program);
        string? loader = Loaders.Select(file => Path.Combine(root, file)).FirstOrDefault(File.Exists);
        if (!File.Exists(path) || loader is null) throw new NotAvailableException($"{Path.GetFileName(program)} is not installed; perf/compare/prerequisites fetches it");
        return [loader, "--library-path", Path.GetDirectoryName(loader)!, path];
    }
}
