using System.Diagnostics;

namespace Cluster.Cli.Hosting;

/// <summary>Starts this program again as a process of its own session, its output in files: it outlives us and our terminal.</summary>
internal static class DetachedProcess
{
    /// <summary>A start whose pid stays that of the program: the shell and setsid replace themselves by it.</summary>
    public static ProcessStartInfo StartInfo(string outputPath, string errorPath, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        foreach (string argument in (string[])["-c", "out=$0; err=$1; shift; exec setsid \"$@\" >>\"$out\" 2>>\"$err\" </dev/null", outputPath, errorPath, Environment.ProcessPath!])
            start.ArgumentList.Add(argument);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        return start;
    }
}
