using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.Bpf;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Linux.Bpf;

public sealed class BpfProgramTests
{
    public BpfProgramTests() => Assert.SkipUnless(BpfSupport.CanRun, BpfSupport.WhyNot);

    [Fact]
    public void Load_RefusedByTheVerifier_CarriesItsLog()
    {
        var code = new BpfAssembler();
        code.Load(BpfRegister.R0, BpfRegister.R5, 0, BpfWidth.Word);
        code.Exit();
        var refused = Assert.Throws<BpfException>(() => BpfProgram.Load("bad", BpfProgramType.CgroupSocketAddress, BpfAttachType.Connect4, code));
        Assert.Contains("R5 !read_ok", refused.VerifierLog, StringComparison.Ordinal);
        Assert.Contains("BPF_PROG_LOAD (bad)", refused.Message, StringComparison.Ordinal);
        Assert.Contains("R5 !read_ok", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Assemble_LabelNotSet_SaysWhich()
    {
        var code = new BpfAssembler();
        code.Jump("nowhere");
        Assert.Contains("nowhere", Assert.Throws<InvalidOperationException>(code.Assemble).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Assemble_EncodesAsTheKernelDoes()
    {
        var code = new BpfAssembler();
        code.Move(BpfRegister.R6, BpfRegister.R1);
        code.Load(BpfRegister.R2, BpfRegister.R6, 24, BpfWidth.Word);
        code.JumpIf(BpfRegister.R2, BpfCondition.NotEqual, -1, "end");
        code.Store(BpfRegister.R10, -8, 5, BpfWidth.Double);
        code.AtomicFetchAdd(BpfRegister.R10, -8, BpfRegister.R2, BpfWidth.Double);
        code.MoveWide(BpfRegister.R3, 0x1122334455667788);
        code.Label("end");
        code.Exit(1);
        Assert.Equal(
            [0x00000000_0000_16bf, 0x00000000_0018_6261, 0xffffffff_0004_0255, 0x00000005_fff8_0a7a, 0x00000001_fff8_2adb, 0x55667788_0000_0318, 0x11223344_0000_0000, 0x00000001_0000_00b7, 0x00000000_0000_0095],
            code.Assemble());
    }

    [Fact]
    public void Link_RefusesWhatItsProgramSays_ReplacedInPlace_GoneWithItsHandle()
    {
        using var listener = new TcpListener(IPAddress.Parse("127.198.7.1"), 0);
        listener.Start();
        var place = (IPEndPoint)listener.LocalEndpoint;
        using var cgroup = FolderHandle.Open(BpfSupport.Cgroup!);
        using var refuse = BpfSupport.Refuse(place.Address);
        using var pass = BpfSupport.PassAll();
        uint id;
        using (var link = BpfLink.Attach(refuse, cgroup, BpfAttachType.Connect4))
        {
            id = link.Id;
            Assert.Contains(id, BpfLink.AllIds());
            Assert.Equal(refuse.Id, link.ProgramId);
            Assert.Throws<SocketException>(() => Connect(place));
            link.Replace(pass);
            Assert.Equal(pass.Id, link.ProgramId);
            Connect(place);
            link.Replace(refuse);
            Assert.Throws<SocketException>(() => Connect(place));
        }

        Connect(place);
        Assert.DoesNotContain(id, BpfLink.AllIds());
    }

    [Fact]
    public async Task Link_Pinned_OutlivesItsHandle_AndEndsWithTheFileSystem()
    {
        uint id;
        using (var folder = new BpfFolder())
        {
            using (var cgroup = FolderHandle.Open(BpfSupport.Cgroup!))
            using (var pass = BpfSupport.PassAll())
            using (var link = BpfLink.Attach(pass, cgroup, BpfAttachType.Connect4))
            {
                link.Pin(folder.At("link"));
                id = link.Id;
            }

            Assert.Contains(id, BpfLink.AllIds());
            using var again = BpfLink.Open(folder.At("link"))!;
            Assert.Equal(id, again.Id);
            Assert.NotEqual(0ul, again.CgroupId);
            Assert.Null(BpfLink.Open(folder.At("none")));
        }

        // The kernel lets go of a file system's inodes a moment after it was unmounted.
        await Eventually.True(() => !BpfLink.AllIds().Contains(id), "the link to end");
    }

    [Fact]
    public void Attach_ToAFolderThatIsNoCgroup_SaysSo()
    {
        using var folder = FolderHandle.Open("/tmp");
        using var pass = BpfSupport.PassAll();
        var refused = Assert.Throws<BpfException>(() => BpfLink.Attach(pass, folder, BpfAttachType.Connect4));
        Assert.Contains("BPF_LINK_CREATE (Connect4)", refused.Message, StringComparison.Ordinal);
    }

    private static void Connect(IPEndPoint place)
    {
        using var socket = new Socket(place.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(place);
    }
}
