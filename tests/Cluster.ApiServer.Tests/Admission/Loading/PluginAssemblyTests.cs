using System.Buffers.Binary;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Admission.Loading;
using Cluster.ApiServer.WatchCache;
using Cluster.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.ApiServer.Tests.Admission.Loading;

public sealed class PluginAssemblyTests
{
    /// <summary>The example's assembly, as `dotnet build` makes it.</summary>
    public static string Example => Path.Combine(AppContext.BaseDirectory, "Plugins", "PodPolicies.dll");

    [Fact]
    public void Load_TheExample_HasItsPlugins() => Assert.Equal(
        ["PodPolicies.PinnedImages", "PodPolicies.TeamLabel"], PluginAssembly.Load(Example).Select(type => type.Type.FullName).Order(StringComparer.Ordinal));

    [Fact]
    public void Load_NoSuchFile_SaysSo() => Assert.Equal("/no/such.dll: there is no such file", Refusal("/no/such.dll"));

    [Fact]
    public void Load_NoAssembly_SaysSo()
    {
        using var folder = new TempDirectory();
        var file = Path.Combine(folder.Path, "text.dll");
        File.WriteAllText(file, "not an assembly");

        Assert.Equal($"{file}: this is no .NET assembly for this machine", Refusal(file));
    }

    [Fact]
    public void Load_AssemblyWithoutAPlugin_SaysWhatIsMissing()
    {
        var file = typeof(Storage.IStore).Assembly.Location;
        Assert.Equal($"{file}: there is no admission plug-in in it: no public class is a Cluster.ApiServer.Admission.IAdmissionPlugin", Refusal(file));
    }

    [Fact]
    public void Load_BuiltForAnotherVersion_SaysWhich()
    {
        using var folder = new TempDirectory();
        var file = Path.Combine(folder.Path, "PodPolicies.dll");
        File.WriteAllBytes(file, BuiltFor(File.ReadAllBytes(Example), 7, 3));
        var own = typeof(IAdmissionPlugin).Assembly.GetName().Version!.ToString(3);

        Assert.Matches($"^{file}: it was built for Cluster.ApiServer 7\\.3\\.\\d+, and this is {own}: build it for that$", Refusal(file));
    }

    [Fact]
    public void Create_ConstructorThatThrows_NamesTheClassAndTheReason()
    {
        Assert.Equal("own.dll: the admission plug-in Cluster.ApiServer.Tests.Admission.Loading.PluginAssemblyTests+Throws cannot be made: FormatException: the rules are no rules", Create(typeof(Throws)));
        Assert.Contains("+Needy cannot be made: InvalidOperationException: ", Create(typeof(Needy)), StringComparison.Ordinal);
        Assert.EndsWith("+Nameless has no name that a flag could give", Create(typeof(Nameless)), StringComparison.Ordinal);

        static string Create(Type type) => Assert.Throws<AdmissionPluginException>(
            () => new PluginType(type, "own.dll").Create(new FakeObjects(), NullLoggerFactory.Instance, TimeProvider.System)).Message;
    }

    [Fact]
    public void Create_ConstructorAsksForWhatTheServerHas_GetsIt()
    {
        var objects = new FakeObjects();
        var plugin = (Full)new PluginType(typeof(Full), "own.dll").Create(objects, NullLoggerFactory.Instance, TimeProvider.System);

        Assert.Same(objects, plugin.Objects);
    }

    private static string Refusal(string file) => Assert.Throws<AdmissionPluginException>(() => PluginAssembly.Load(file)).Message;

    // The assembly with another version in its reference to the server: columns 1 and 2 of that row of its metadata.
    private static byte[] BuiltFor(byte[] image, ushort major, ushort minor)
    {
        using var reader = new PEReader(new MemoryStream(image));
        var metadata = reader.GetMetadataReader();
        var handle = metadata.AssemblyReferences.Single(one => metadata.GetString(metadata.GetAssemblyReference(one).Name) == "Cluster.ApiServer");
        var row = reader.PEHeaders.MetadataStartOffset + metadata.GetTableMetadataOffset(TableIndex.AssemblyRef)
            + ((MetadataTokens.GetRowNumber(handle) - 1) * metadata.GetTableRowSize(TableIndex.AssemblyRef));
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(row), major);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(row + 2), minor);
        return image;
    }

    public sealed class Throws : AdmissionPluginsTests.OwnPlugin
    {
        public Throws() => throw new FormatException("the rules are no rules");
    }

    public sealed class Needy(Uri where) : AdmissionPluginsTests.OwnPlugin
    {
        public override string Name => where.Host;
    }

    public sealed class Nameless : AdmissionPluginsTests.OwnPlugin
    {
        public override string Name => " ";
    }

    public sealed class Full(IObjectReader objects, ILogger<Full> logger, ILoggerFactory logs, TimeProvider time) : AdmissionPluginsTests.OwnPlugin
    {
        public IObjectReader Objects { get; } = logger is not null && logs is not null && time is not null ? objects : null!;
    }
}
