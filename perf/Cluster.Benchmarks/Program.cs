using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using Cluster.Benchmarks;

// A short job unless another is asked for: allocations are exact in any, and times are only compared with each other.
IConfig config = args.Any(argument => argument is "--job" or "-j")
    ? DefaultConfig.Instance
    : DefaultConfig.Instance.AddJob(Job.ShortRun);
string[] arguments = args.Any(argument => argument is "--filter" or "-f" or "--list" or "--help" or "--anyCategories") ? args : [.. args, "--filter", "*"];
var summaries = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(arguments, config);
IReadOnlyList<string> violations = AllocationBudgets.Violations(summaries);
foreach (string violation in violations) Console.Error.WriteLine($"over budget: {violation}");
return violations.Count == 0 ? 0 : 1;
