// A small file system of its own for the log's store, in an image file: it can be filled up, and
// after a power loss it holds what had been synced and nothing else. The image lies in memory: a
// sync is as much a sync there, and the campaign does not measure the machine's disk.
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { shell } from './shell';

/** Room for the log of a campaign many times over; what is not written takes no space. */
const sizeText = '1G';
/** Two images at the moment of a power loss, each as large as what is stored. */
const memoryText = '2G';

/** EXT4_IOC_SHUTDOWN without a last flush of its journal. Perl, for Node has no ioctl. */
const cutOff = 'open(my $f, "<", $ARGV[0]) or die $!; my $flags = pack("L", 2); '
  + 'ioctl($f, 0x8004587d, $flags) or die $!';

export class SmallDisk {
  #images = 0;
  #image: string;

  private constructor(private readonly folder: string, private readonly mountPoint: string) {
    this.#image = this.#nextImage();
  }

  /** Null where nothing may be mounted: not root, or a container without that right. */
  static async mount(dataDir: string, mountPoint: string): Promise<SmallDisk | null> {
    const disk = new SmallDisk(path.join(dataDir, 'log-disk'), mountPoint);
    await mkdir(disk.folder);
    await mkdir(mountPoint, { recursive: true, mode: 0o700 });
    try {
      await shell('mount', '-t', 'tmpfs', '-o', `size=${memoryText}`, 'tmpfs', disk.folder);
      await shell('truncate', '-s', sizeText, disk.#image);
      await shell('mkfs.ext4', '-q', '-F', '-m', '0', disk.#image);
      await shell('mount', '-o', 'loop', disk.#image, mountPoint);
      return disk;
    } catch {
      // The caller says what is left out because of it.
      await shell('umount', '-l', disk.folder).catch(() => undefined);
      return null;
    }
  }

  /** Everything that was written so far is on the disk. */
  async sync(): Promise<void> {
    await shell('sync', '-f', this.mountPoint);
  }

  /** Takes all room that is left. */
  async fill(): Promise<void> {
    const free = await shell('df', '--output=avail', '-B1', this.mountPoint);
    const bytes = free.trim().split('\n').at(-1)?.trim() ?? '0';
    await shell('fallocate', '-l', bytes, this.#ballast).catch(async () => {
      // Not to the last byte: the rest is taken by writing until it fails.
      await shell('dd', 'if=/dev/zero', `of=${this.#ballast}`, 'bs=64k').catch(() => undefined);
    });
  }

  async empty(): Promise<void> {
    await rm(this.#ballast, { force: true });
  }

  /**
   * Puts what a sudden end of the machine would have left in the place of the store. The server
   * must stand still meanwhile (SIGSTOP) and be killed afterwards: its open files are of the past.
   */
  async losePower(): Promise<void> {
    const before = this.#image;
    this.#image = this.#nextImage();
    // From here on the kernel writes nothing more, so the copy is of one moment. The image file has
    // what was sent to the device; what was only in memory is not in it.
    await shell('perl', '-e', cutOff, this.mountPoint);
    await shell('cp', '--sparse=always', before, this.#image);
    await shell('umount', '-l', this.mountPoint);
    await shell('mount', '-o', 'loop', this.#image, this.mountPoint);
    await rm(before, { force: true });
  }

  async unmount(): Promise<void> {
    await shell('umount', '-l', this.mountPoint);
    await shell('umount', '-l', this.folder);
  }

  get #ballast(): string {
    return path.join(this.mountPoint, 'ballast');
  }

  #nextImage(): string {
    this.#images += 1;
    return path.join(this.folder, `${this.#images}.img`);
  }
}
